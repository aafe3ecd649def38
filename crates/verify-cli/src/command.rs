//! The command: arguments to a request, and an answer to text and an exit code.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::arrays::read_numbers;
use crate::known::Known;
use crate::refusal::{Kind, Refusal, Result};
use crate::report::{accepted_json, error_json, error_text, statement_text};
use crate::statement::Statement;
use crate::verify::{verify, Given, Request};

const HELP: &str = "\
Check a Tacit proof, and say what it states.

Usage: tacit-verify PROGRAM PROOF [COMMITMENT]... [OPTIONS]

  PROGRAM       the compiled program, M.tacit; what it computes is for you to know: compare its digest
  PROOF         the proof, X.proof
  COMMITMENT    each commitment that the program needs (model, data, output); of a child also its master, if that is the one
                that you trust; of a model whose weights are public the weights file

Options:
  --context HEX        the bytes that the proof must be bound to, hexadecimal
  --security N         the proven bits to insist on, 1 to 160 [128]
  --public NAME=FILE   an input or output that you know, as .json or .npy: the proof must show the same; may be repeated
  --json               the answer as data on stdout
  --version, --help

Exit code: 0 the statement is true, 1 refused or bad input, 2 a bug of this program.
";

/// Bytes read from a pipe or a device at most.
const MOST_PIPED: u64 = 1 << 28;

/// What the command line asks for.
#[derive(Debug, Default)]
struct Options {
    files: Vec<PathBuf>,
    context: Vec<u8>,
    security: Option<u16>,
    known: Vec<(String, PathBuf)>,
    json: bool,
}

enum Asked {
    Verify(Box<Options>),
    Text(String),
}

/// Runs the command with the arguments behind its name. Exit code: 0 accepted, 1 refused or bad input, 2 a bug.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let json = arguments.iter().any(|a| a == "--json");
    let answer = catch_unwind(AssertUnwindSafe(|| answer(arguments)));
    let answer = answer.unwrap_or_else(|_| {
        Err(
            Refusal::words(Kind::Bug, "bug", "", "it stopped where it never should")
                .remedy("please report it with the command, the message above and the files"),
        )
    });
    let (code, text, problem) = match answer {
        Ok(text) => (0, text, String::new()),
        Err(error) => {
            let data = if json {
                format!("{:#}\n", error_json(&error))
            } else {
                String::new()
            };
            let code = if error.kind == Kind::Bug { 2 } else { 1 };
            (code, data, error_text(&error))
        }
    };
    // Nobody is left to tell when these fail, but a statement that did not arrive was not made.
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    let _ = err.write_all(problem.as_bytes());
    if written.is_err() {
        return code.max(1);
    }
    code
}

fn answer(arguments: Vec<OsString>) -> Result<String> {
    let options = match parse(arguments)? {
        Asked::Text(text) => return Ok(text),
        Asked::Verify(options) => *options,
    };
    let start = Instant::now();
    let statement = verified(&options)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(if options.json {
        format!("{:#}\n", accepted_json(&statement, seconds))
    } else {
        statement_text(&statement, seconds)
    })
}

fn usage(reason: impl std::fmt::Display) -> Refusal {
    Refusal::words(Kind::Input, "usage", "", &reason.to_string()).remedy("see tacit-verify --help")
}

fn parse(arguments: Vec<OsString>) -> Result<Asked> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_args(arguments);
    let mut options = Options::default();
    while let Some(argument) = parser.next().map_err(usage)? {
        match argument {
            Value(path) => options.files.push(path.into()),
            Long("context") => options.context = context(&parser.value().map_err(usage)?)?,
            Long("security") => {
                let value = parser.value().map_err(usage)?;
                let bits = value.parse().map_err(|_| {
                    Refusal::differs(
                        Kind::Input,
                        "security",
                        "--security",
                        "1 to 160 bits",
                        value.to_string_lossy(),
                    )
                    .remedy("128 is the usual target")
                })?;
                options.security = Some(bits);
            }
            Long("public") => {
                let value = parser.value().map_err(usage)?.string().map_err(usage)?;
                let (name, file) = value.split_once('=').ok_or_else(|| {
                    Refusal::differs(Kind::Input, "usage", "--public", "NAME=FILE", &value)
                        .remedy("for example --public probabilities=answer.json")
                })?;
                options.known.push((name.to_owned(), file.into()));
            }
            Long("json") => options.json = true,
            Long("help") | Short('h') => return Ok(Asked::Text(HELP.to_owned())),
            Long("version") => {
                return Ok(Asked::Text(format!(
                    "tacit-verify {}\n",
                    env!("CARGO_PKG_VERSION")
                )))
            }
            _ => return Err(usage(argument.unexpected())),
        }
    }
    if options.files.len() < 2 {
        let got = options.files.len();
        return Err(usage(format!(
            "expected a program and a proof, got {got} files"
        )));
    }
    Ok(Asked::Verify(Box::new(options)))
}

/// The bytes of hexadecimal digits; `0x` in front is allowed.
fn context(text: &OsString) -> Result<Vec<u8>> {
    let text = text.to_string_lossy();
    let digits = text.strip_prefix("0x").unwrap_or(&text).as_bytes();
    let digit = |b: u8| {
        char::from(b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(16 * digit(*high)? + digit(*low)?),
        _ => None,
    };
    digits
        .chunks(2)
        .map(pair)
        .collect::<Option<_>>()
        .ok_or_else(|| {
            Refusal::words(Kind::Input, "context", "--context", "not hexadecimal")
                .remedy("two hexadecimal digits a byte, such as c0ffee")
        })
}

fn verified(options: &Options) -> Result<Statement> {
    let names: Vec<String> = options
        .files
        .iter()
        .map(|p| p.display().to_string())
        .collect();
    let files = options
        .files
        .iter()
        .map(|path| read(path))
        .collect::<Result<Vec<_>>>()?;
    let known = options
        .known
        .iter()
        .map(|(name, path)| {
            let numbers = read_numbers(&read(path)?);
            let numbers = numbers.map_err(|e| e.inside(&path.display().to_string()))?;
            Ok(Known {
                name: name.clone(),
                numbers,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let commitments: Vec<Given<'_>> = names
        .iter()
        .zip(&files)
        .skip(2)
        .map(|(place, bytes)| Given {
            place,
            bytes,
            role: None,
        })
        .collect();
    verify(&Request {
        program: &files[0],
        proof: &files[1],
        commitments: &commitments,
        rotation: None,
        context: &options.context,
        security: options.security.unwrap_or(128),
        known: &known,
    })
}

/// The bytes of a file; a pipe will do, but one without an end would fill the memory.
fn read(path: &Path) -> Result<Vec<u8>> {
    let place = path.display().to_string();
    let failed = |e: std::io::Error| {
        let text = e.to_string();
        // Without the system's number behind it.
        let reason = text.split(" (os error").next().unwrap_or_default();
        Refusal::words(Kind::Input, "file", place.clone(), reason)
            .remedy("check the name and the permissions")
    };
    let file = File::open(path).map_err(failed)?;
    let regular = file.metadata().map_err(failed)?.is_file();
    let most = if regular { u64::MAX } else { MOST_PIPED + 1 };
    let mut bytes = Vec::new();
    let count = file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    if !regular && count as u64 > MOST_PIPED {
        let expected = format!("at most {MOST_PIPED} bytes from what is no file");
        return Err(
            Refusal::differs(Kind::Input, "file", place, expected, "more").remedy("give a file"),
        );
    }
    Ok(bytes)
}

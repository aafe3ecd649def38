/* Sets the formulas of a page. KaTeX is loaded where there are any, from this site. */
(() => {
  const here = new URL(".", document.currentScript.src);
  const spans = () => document.querySelectorAll(".arithmatex");
  const set = () => {
    for (const span of spans()) {
      const source = span.textContent.trim();
      const display = source.startsWith("\\[");
      katex.render(source.slice(2, -2), span, { displayMode: display, throwOnError: false, strict: false });
    }
  };
  const start = () => {
    if (!spans().length) return;
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = new URL("katex/katex.min.css", here);
    document.head.append(style);
    const script = document.createElement("script");
    script.src = new URL("katex/katex.min.js", here);
    script.onload = set;
    document.head.append(script);
  };
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();

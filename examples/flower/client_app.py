"""A hospital: an ordinary Flower app, whose ClientApp comes from tacit. Training is proven; everything else stays the app's."""

from flwr.app import Context, Message, MetricRecord, RecordDict

from tacit.flower import client_app

# Train messages are answered by this app itself, with integers and a proof; a function of one's own for them is not called.
# A SuperNode says where its own file is: --node-config 'tacit-node="/hospital/node.toml"'
app = client_app(node="node.toml")


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    """Whatever the app measures; it gets real weights. Nobody proved this, so it is only shown."""
    weights = message.content.array_records["arrays"]
    largest = max(float(abs(array.numpy()).max()) for array in weights.values())
    return Message(
        RecordDict({"metrics": MetricRecord({"num-examples": 1, "largest-weight": largest})}), reply_to=message
    )

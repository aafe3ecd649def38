"""From an ``onnx.ModelProto`` to a canonical graph (`translate.import_model`)."""

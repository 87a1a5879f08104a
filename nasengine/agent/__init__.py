"""Device agent: measures networks of a workbench on the device where it runs.

    python -m nasengine.agent --name pi4 --server https://workbench.example --token TOKEN

It needs only numpy and one runtime that reads ONNX files (ONNX Runtime, OpenVINO or TensorRT);
with psutil it also reports memory and temperature. It opens connections to the workbench and
accepts none.
"""

VERSION = "1"

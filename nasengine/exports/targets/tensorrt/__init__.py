"""Target `tensorrt`: graphs and scripts that build TensorRT engines on the device."""

"""Target `deepstream`: a classifier for NVIDIA DeepStream's nvinfer."""

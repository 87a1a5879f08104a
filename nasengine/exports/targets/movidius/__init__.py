"""Target `movidius`: Myriad sticks, whose last toolkit is OpenVINO 2022.3."""

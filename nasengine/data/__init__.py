"""What networks are trained on: labelled images in three parts."""

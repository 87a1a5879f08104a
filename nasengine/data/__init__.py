"""What networks are trained on: labelled images, or text, in three parts."""

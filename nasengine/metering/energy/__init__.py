"""Energy sources of this machine: an external meter, else the counter of the device."""

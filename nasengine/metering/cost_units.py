"""The units of the costs of a network on a device."""

COST_UNITS = {
    "latency": "ms",
    "throughput": "inputs/s",
    "energy": "mJ",
    "power": "W",
    "memory": "B",
}

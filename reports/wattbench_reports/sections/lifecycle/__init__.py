"""The section on training, break-even and capacity."""

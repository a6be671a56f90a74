"""Limit the power of GPUs while a system is asked, and always set the limits back."""

"""What of an account's journal is worth a person's eye: the bell, its list, its toasts."""

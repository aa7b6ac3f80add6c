"""Teams: who speaks to whom, their seats, their trading sessions, and running one now."""

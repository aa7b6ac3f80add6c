"""What `manage.py farm` starts on one machine: embedded servers and the supervised processes.

Nothing in here needs Django's settings: the servers are up before settings are read.
"""

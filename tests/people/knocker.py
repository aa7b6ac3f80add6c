"""A program that signs in wrongly: `knocker NAME FIRST NUMBER` writes the statuses as JSON.

Each try comes from another address, beginning with 192.0.2.FIRST. DATABASE_URL names the database.
"""

import json
import os
import sys

import django
from django.test import Client
from django.test.utils import setup_test_environment


def main(name: str, first: int, number: int) -> None:
    client = Client()
    statuses = [
        client.post(
            "/login/", {"username": name, "password": "wrong"}, REMOTE_ADDR=f"192.0.2.{place}"
        ).status_code
        for place in range(first, first + number)
    ]
    sys.stdout.write(f"{json.dumps(statuses)}\n")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingfarm.settings")
    django.setup()
    setup_test_environment()
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

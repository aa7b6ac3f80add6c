"""Somebody who is signed in and uses the pages over HTTP, as a browser without scripts would."""

import http.client
import re
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.campaigns.arena import CampaignFailed

MARK = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')
FOUND, SEE_OTHER = 200, 303
PATIENCE_SECONDS = 30.0


@dataclass
class Answer:
    """One answer: its status, where it leads, and its text."""

    status: int
    location: str
    text: str


class Visitor:
    """One browser with its cookies, on one connection that stays open."""

    def __init__(self, *, port: int, cookies: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        self._cookies = dict(cookies)
        self._hidden: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        """Open a page and remember what its form hides. Raises CampaignFailed without one."""
        # The server has closed a connection on which nothing was asked for some seconds.
        self._connection.close()
        answer = self._ask("GET", path)
        if answer.status != FOUND:
            raise CampaignFailed(f"GET {path} answered {answer.status}: {answer.text[:300]}")
        mark = MARK.search(answer.text)
        self._hidden = dict(HIDDEN.findall(answer.text))
        if mark:
            self._hidden["csrfmiddlewaretoken"] = mark[1]
        return answer

    def post(self, path: str, **fields: str) -> Answer:
        """Send the form of the page opened last. Raises CampaignFailed unless it is taken."""
        answer = self._ask("POST", path, urlencode(self._hidden | fields))
        if answer.status != SEE_OTHER:
            raise CampaignFailed(f"POST {path} answered {answer.status}: {answer.text[:300]}")
        return answer

    def close(self) -> None:
        self._connection.close()

    def _ask(self, method: str, path: str, body: str = "") -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self._connection.request(method, path, body=body or None, headers=headers)
            response = self._connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise CampaignFailed(f"{method} {path}: {type(error).__name__} {error}") from error
        for line in response.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        return Answer(response.status, response.headers.get("Location", ""), text)

"""Prints the cookies that the login of a TurboGears application sets, one a line.

usage: turbogears_cookie.py SECRET USER…
"""
import sys
from http.cookies import SimpleCookie

from repoze.who.plugins.auth_tkt import AuthTktCookiePlugin

plugin = AuthTktCookiePlugin(secret=sys.argv[1], cookie_name="authtkt")
for user in sys.argv[2:]:
    headers = plugin.remember({"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost"}, {"repoze.who.userid": user})
    print(SimpleCookie(headers[0][1])["authtkt"].value)

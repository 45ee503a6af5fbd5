#!/usr/bin/python3
"""A Django site with stock SimpleJWT, small enough for one process.

As a program: reads SIMPLE_JWT settings and what is asked for as JSON from stdin, runs the site on an
in-memory database, signs a user in through TokenObtainPairView and prints what that answered.
As a module: log_in(settings, …) does this in a process of its own, because Django is configured once
per process.
"""
import json
import os
import subprocess
import sys

PYTHON = "/usr/bin/python3"


def log_in(simple_jwt, user_id=7, username="ana"):
    """{"access": …, "refresh": …} as the site's own login view gives them."""
    asked = {"simple_jwt": simple_jwt, "user_id": user_id, "username": username}
    done = subprocess.run([PYTHON, os.path.abspath(__file__)], input=json.dumps(asked), text=True,
                          capture_output=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(f"the Django site failed:\n{done.stderr}")
    return json.loads(done.stdout)


def configure(simple_jwt):
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="the site's own key, which signs no token here",
        ALLOWED_HOSTS=["testserver"],
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        SIMPLE_JWT=simple_jwt,
    )
    django.setup()


def main():
    asked = json.load(sys.stdin)
    configure(asked["simple_jwt"])

    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from rest_framework.test import APIRequestFactory
    from rest_framework_simplejwt.views import TokenObtainPairView

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_user(asked["username"], password="secret", id=asked["user_id"])
    request = APIRequestFactory().post(
        "/api/token/", {"username": asked["username"], "password": "secret"}, format="json")
    response = TokenObtainPairView.as_view()(request)
    if response.status_code != 200:
        sys.exit(f"login failed: {response.status_code} {response.data}")
    print(json.dumps(response.data))


urlpatterns = []

if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""host_site.py ALG KEYFILE: a Django project with SimpleJWT, as it comes, standing for the host app.

Logs "trader" in through TokenObtainPairView, renews through TokenRefreshView, and prints what the
views answered, with the user's id, as one JSON line: {"access", "refresh", "renewed", "user_id"}.
KEYFILE: the shared secret, or a PEM private key with KEYFILE.pub beside it.
"""
import json
import sys

import django
from django.conf import settings


def configure(algorithm, key_file):
    with open(key_file, encoding="utf-8") as f:
        signing = f.read()
    jwt_settings = {"ALGORITHM": algorithm, "SIGNING_KEY": signing}
    if not algorithm.startswith("HS"):
        with open(key_file + ".pub", encoding="utf-8") as f:
            jwt_settings["VERIFYING_KEY"] = f.read()
    settings.configure(
        SECRET_KEY=signing,
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework",
                        "rest_framework_simplejwt"],
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES":
                        ["rest_framework_simplejwt.authentication.JWTAuthentication"]},
        SIMPLE_JWT=jwt_settings,
        USE_TZ=True,
    )
    django.setup()


def log_in():
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client
    call_command("migrate", verbosity=0)
    User.objects.create_user("somebody", password="else")
    user = User.objects.create_user("trader", password="s3cret")
    client = Client()
    pair = client.post("/api/token/", {"username": "trader", "password": "s3cret"})
    assert pair.status_code == 200, pair.content
    renewed = client.post("/api/token/refresh/", {"refresh": pair.json()["refresh"]})
    assert renewed.status_code == 200, renewed.content
    return {**pair.json(), "renewed": renewed.json()["access"], "user_id": user.id}


urlpatterns = []

if __name__ == "__main__":
    configure(*sys.argv[1:3])
    from django.urls import path
    from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView
    urlpatterns += [path("api/token/", TokenObtainPairView.as_view()),
                    path("api/token/refresh/", TokenRefreshView.as_view())]
    print(json.dumps(log_in()))

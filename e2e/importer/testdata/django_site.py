"""Makes the tables of a Django site, and prints what Django says about its users.

usage: django_site.py DATABASES [USER_MODEL]

DATABASES is the setting for the default database, as JSON. The output is a list
of users: name, password, kind of the password column, and permissions.
"""
import base64, datetime, hashlib, json, os, random, sys

import django
from django.conf import settings

sys.path.insert(0, os.path.dirname(__file__))
custom = len(sys.argv) > 2
hashers = "django.contrib.auth.hashers."
settings.configure(
    DATABASES={"default": json.loads(sys.argv[1])},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "blog"] + (["accounts"] if custom else []),
    AUTH_USER_MODEL=sys.argv[2] if custom else "auth.User",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
    PASSWORD_HASHERS=[hashers + name + "PasswordHasher" for name in (
        "PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "SHA1", "MD5", "UnsaltedSHA1", "UnsaltedMD5", "Crypt")],
)
django.setup()

from django.contrib.auth import get_user_model, hashers as h
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

call_command("migrate", run_syncdb=True, verbosity=0)
random.seed(7)
h.BCryptPasswordHasher.rounds = h.BCryptSHA256PasswordHasher.rounds = 5
h.Argon2PasswordHasher.memory_cost = 1024


def argon2i(password):
    """Argon2 as Django before 3.2 made it."""
    import argon2.low_level as low
    hashed = low.hash_secret(password.encode(), b"saltsalt", 2, 512, 2, 16, low.Type.I)
    return "argon2" + hashed.decode()


KINDS = {
    "Django PBKDF2": lambda p: h.make_password(p),
    "Django PBKDF2 of few rounds": lambda p: h.PBKDF2PasswordHasher().encode(p, "seasalt8Table", 1000),
    "Django PBKDF2 with SHA-1": lambda p: h.PBKDF2SHA1PasswordHasher().encode(p, "seasalt8Table", 120000),
    "Django Argon2": lambda p: h.make_password(p, hasher="argon2"),
    "Django Argon2 of old": argon2i,
    "Django bcrypt of SHA-256": lambda p: h.make_password(p, hasher="bcrypt_sha256"),
    "Django bcrypt": lambda p: h.make_password(p, hasher="bcrypt"),
    "Django SHA-1": lambda p: h.make_password(p, hasher="sha1"),
    "Django MD5": lambda p: h.make_password(p, hasher="md5"),
    "Django SHA-1 without salt": lambda p: h.UnsaltedSHA1PasswordHasher().encode(p, ""),
    "Django MD5 without salt": lambda p: h.UnsaltedMD5PasswordHasher().encode(p, ""),
    "Django crypt(3)": lambda p: h.make_password(p, hasher="crypt"),
    "Django unusable": lambda p: h.make_password(None),
}

User = get_user_model()
permissions = list(Permission.objects.order_by("id"))
groups = []
for name in ("editors", "authors", "Admins of users", "nobody's"):
    group = Group.objects.create(name=name)
    group.permissions.set(random.sample(permissions, random.randrange(8)))
    groups.append(group)

users = []
count = int(os.environ.get("USERS", "117"))
for n in range(count):
    kind = list(KINDS)[n % len(KINDS)]
    name = "django%03d" % n
    password = "the password of " + name
    user = User(
        username=name, email=name + "@example.org" if n % 3 else "", first_name="First", last_name=str(n),
        is_active=n % 10 != 0, is_superuser=n % 41 == 1, is_staff=n % 20 == 1, password=KINDS[kind](password),
        date_joined=datetime.datetime(2020, 1, 1, n % 24, 0, 0, 250000, tzinfo=datetime.timezone.utc),
        last_login=datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc) if n % 2 else None)
    user.save()
    user.groups.set(random.sample(groups, random.randrange(3)))
    user.user_permissions.set(random.sample(permissions, random.choice((0, 0, 0, 1, 2))))
    users.append((user.pk, name, password, kind))

out = []
for pk, name, password, kind in users:
    user = User.objects.get(pk=pk)
    out.append({
        "name": name, "password": password, "kind": kind, "superuser": user.is_superuser,
        "created": user.date_joined.isoformat(), "permissions": sorted(user.get_all_permissions())})
json.dump(out, sys.stdout)

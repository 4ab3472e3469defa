"""Makes the five tables of a TurboGears 2 quickstart with SQLAlchemy, and prints
what the model says about its users.

usage: turbogears_site.py URL

URL is that of SQLAlchemy's create_engine. The output is a list of users: name,
password, kind of the password column, and permissions.
"""
import datetime, hashlib, json, os, random, sys

from sqlalchemy import Column, DateTime, ForeignKey, Integer, Table, Unicode, create_engine
from sqlalchemy.orm import declarative_base, relationship, sessionmaker

Base = declarative_base()


def between(name, one, other):
    key = lambda of: Column(of + "_id", Integer, ForeignKey("tg_%s.%s_id" % (of, of), onupdate="CASCADE", ondelete="CASCADE"), primary_key=True)
    return Table(name, Base.metadata, key(one), key(other))


group_permission = between("tg_group_permission", "group", "permission")
user_group = between("tg_user_group", "user", "group")


class Group(Base):
    __tablename__ = "tg_group"
    group_id = Column(Integer, autoincrement=True, primary_key=True)
    group_name = Column(Unicode(16), unique=True, nullable=False)
    display_name = Column(Unicode(255))
    created = Column(DateTime, default=datetime.datetime.now)
    users = relationship("User", secondary=user_group, backref="groups")


class User(Base):
    __tablename__ = "tg_user"
    user_id = Column(Integer, autoincrement=True, primary_key=True)
    user_name = Column(Unicode(16), unique=True, nullable=False)
    email_address = Column(Unicode(255), unique=True)
    display_name = Column(Unicode(255))
    _password = Column("password", Unicode(128))
    created = Column(DateTime, default=datetime.datetime.now)

    @property
    def permissions(self):
        return {p.permission_name for g in self.groups for p in g.permissions}


class Permission(Base):
    __tablename__ = "tg_permission"
    permission_id = Column(Integer, autoincrement=True, primary_key=True)
    permission_name = Column(Unicode(63), unique=True, nullable=False)
    description = Column(Unicode(255))
    groups = relationship(Group, secondary=group_permission, backref="permissions")


SITE_SALT = "the salt of the site"


def salted(algorithm):
    def make(password):
        salt = hashlib.new(algorithm, os.urandom(60)).hexdigest()
        return salt + hashlib.new(algorithm, (password + salt).encode()).hexdigest()
    return make


KINDS = {
    "TurboGears 2": salted("sha256"),
    "TurboGears 2.0": salted("sha1"),
    "TurboGears 1": lambda p: hashlib.sha1(p.encode()).hexdigest(),
    "TurboGears 1 with MD5": lambda p: hashlib.md5(p.encode()).hexdigest(),
    "TurboGears with the salt of the site": lambda p: hashlib.sha256((p + SITE_SALT).encode()).hexdigest(),
    "TurboGears in plain text": lambda p: p,
    "TurboGears without password": lambda p: None,
}

engine = create_engine(sys.argv[1])
Base.metadata.create_all(engine)
session = sessionmaker(bind=engine)()
random.seed(7)
permissions = [Permission(permission_name=n, description="May " + n) for n in ("manage", "edit", "publish", "delete things")]
groups = [Group(group_name=n, display_name=n.title(), permissions=random.sample(permissions, k)) for n, k in (("managers", 3), ("editors", 2), ("readers", 1), ("empty", 0))]
session.add_all(permissions + groups)
users = []
for n in range(int(os.environ.get("USERS", "56"))):
    kind = list(KINDS)[n % len(KINDS)]
    name = "tg%03d" % n
    password = "the password of " + name
    user = User(user_name=name, email_address=name + "@example.org", display_name="User %d" % n, _password=KINDS[kind](password),
                created=datetime.datetime(2015, 6, 1, n % 24), groups=random.sample(groups, random.randrange(3)))
    session.add(user)
    users.append((user, name, password, kind))
session.commit()
json.dump([{"name": name, "password": password, "kind": kind, "created": user.created.isoformat() + "Z", "permissions": sorted(user.permissions)}
           for user, name, password, kind in users], sys.stdout)

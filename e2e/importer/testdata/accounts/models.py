from django.contrib.auth.models import AbstractUser


class Member(AbstractUser):
    """A user model of the site's own, whose tables have other names."""

from django.db import models


class Post(models.Model):
    title = models.CharField(max_length=100)


class Comment(models.Model):
    class Meta:
        permissions = [("hide_comment", "Can hide a comment")]

"""The peer of `bench.reads`: the list of courses as Django REST Framework serves it, on catalog's own table.

Written as its documentation has it: a ModelSerializer, CursorPagination, the author joined by select_related, JSON
alone rendered, DEBUG off, one connection kept. No middleware, no sign-in, no check of anything: what ours does beside
the list (traces, metrics, limits, problems) is ours to pay. Served by `gunicorn bench.django_courses:application`.
"""

import os
from decimal import Decimal
from urllib.parse import urlsplit

import django
from django.conf import settings

_DATABASE = urlsplit(os.environ["BENCH_DATABASE_URL"])

settings.configure(
    DEBUG=False,
    SECRET_KEY="nothing is signed here",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    TIME_ZONE="UTC",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
    MIDDLEWARE=[],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": _DATABASE.hostname,
            "PORT": _DATABASE.port,
            "NAME": _DATABASE.path[1:],
            "USER": _DATABASE.username,
            "PASSWORD": _DATABASE.password,
            "CONN_MAX_AGE": None,
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django is set up before its models are made
from django.db import models  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils.timezone import now  # noqa: E402
from rest_framework import generics, pagination, serializers  # noqa: E402


class Person(models.Model):
    user_id = models.BigIntegerField(primary_key=True)
    display_name = models.TextField()
    picture_url = models.TextField(null=True)

    class Meta:
        app_label = "bench"
        managed = False
        db_table = "catalog_person"


class Course(models.Model):
    id = models.BigAutoField(primary_key=True)
    title = models.TextField()
    slug = models.TextField()
    subtitle = models.TextField(null=True)
    category_id = models.BigIntegerField()
    thumbnail = models.TextField(null=True)
    price = models.DecimalField(max_digits=12, decimal_places=2)
    discount_price = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    discount_ends = models.DateTimeField(null=True)
    level = models.TextField()
    language = models.TextField()
    duration_minutes = models.IntegerField(null=True)
    has_certificate = models.BooleanField()
    is_featured = models.BooleanField()
    is_published = models.BooleanField()
    avg_rating = models.DecimalField(max_digits=3, decimal_places=2)
    total_reviews = models.IntegerField()
    enrolled_students_count = models.IntegerField()
    published_date = models.DateTimeField(null=True)
    first_published_at = models.DateTimeField(null=True)
    completion_percentage = models.IntegerField()
    created_by = models.ForeignKey(Person, models.DO_NOTHING, db_constraint=False)

    class Meta:
        app_label = "bench"
        managed = False
        db_table = "courses_course"

    @property
    def effective_price(self) -> Decimal:
        if self.discount_price is None or (self.discount_ends is not None and now() >= self.discount_ends):
            return self.price
        return self.discount_price

    @property
    def currency(self) -> str:
        return "USD"


class PersonSerializer(serializers.ModelSerializer):
    class Meta:
        model = Person
        fields = ("user_id", "display_name", "picture_url")


class CourseSerializer(serializers.ModelSerializer):
    effective_price = serializers.DecimalField(max_digits=12, decimal_places=2)
    avg_rating = serializers.FloatField()
    currency = serializers.CharField()
    created_by_id = serializers.IntegerField()
    instructor = PersonSerializer(source="created_by")

    class Meta:
        model = Course
        fields = (
            "id",
            "title",
            "slug",
            "subtitle",
            "category_id",
            "thumbnail",
            "price",
            "discount_price",
            "discount_ends",
            "effective_price",
            "currency",
            "level",
            "language",
            "duration_minutes",
            "has_certificate",
            "is_featured",
            "is_published",
            "avg_rating",
            "total_reviews",
            "enrolled_students_count",
            "published_date",
            "first_published_at",
            "completion_percentage",
            "created_by_id",
            "instructor",
        )


class Newest(pagination.CursorPagination):
    ordering = ("-first_published_at", "-id")
    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100


class CourseList(generics.ListAPIView):
    queryset = Course.objects.filter(is_published=True).select_related("created_by")
    serializer_class = CourseSerializer
    pagination_class = Newest


urlpatterns = [path("api/v1/courses", CourseList.as_view())]
application = get_wsgi_application()

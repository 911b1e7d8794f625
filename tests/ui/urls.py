"""The only addresses the style guide reverses; the product's own pages have their own tests."""

from django.urls import path

from config.design import guide

urlpatterns = [path("design/", guide), path("logout/", guide, name="account_logout")]

from django.urls import path

from accounts.views import contracts, family_revenue, revenue, revenue_check, revenue_rules

urlpatterns = [
    path("accounts/<uuid:account_id>/lines/<uuid:line_id>/change/", contracts.change_line, name="change-line"),
    path("accounts/<uuid:account_id>/lines/<uuid:line_id>/withdraw/", contracts.withdraw_line, name="withdraw-line"),
    path("accounts/<uuid:account_id>/revenue/", family_revenue.account_revenue, name="account-revenue"),
    path("revenue/", revenue.revenue, name="revenue"),
    path("revenue/check/", revenue_check.revenue_check, name="revenue-check"),
    path("revenue/conventions/", revenue.revenue_gap, name="revenue-gap"),
    path("revenue/movements/", revenue.revenue_movements, name="revenue-movements"),
    path("settings/revenue/", revenue_rules.revenue_rules, name="revenue-rules"),
    path("settings/revenue/rebuild/", revenue_rules.rebuild, name="rebuild-revenue"),
    path("revenue/rates/", revenue.add_rate, name="revenue-rates"),
]

"""What conditions over accounts can ask of: fields that every tenant has, and those that a tenant makes."""

from accounts.conditions.fields import Field, Finder, Kind, Lister, ManyLister, column
from accounts.models import Account
from accounts.queries.custom import own_field, own_fields
from accounts.queries.objects import built_in_sets, object_sets
from accounts.queries.stakeholders import PEOPLE_FIELDS
from kpis.queries.fields import HEALTH_FIELDS, kpi_field, kpi_fields

FIELDS: tuple[Field, ...] = (
    column("name", "Name", Kind.TEXT),
    column("key", "Number", Kind.TEXT),
    column("owner", "Owner", Kind.TEXT, "owner__name"),
    column("tier", "Tier", Kind.TEXT),
    column("industry", "Industry", Kind.TEXT),
    column("region", "Region", Kind.TEXT),
    column("stage", "Stage", Kind.CHOICE, choices=tuple(Account.Stage.choices)),
    column("arr", "ARR", Kind.NUMBER),
    column("currency", "Currency", Kind.TEXT),
    column("renewal_on", "Renewal", Kind.DATE),
    column("customer_since", "Customer since", Kind.DATE),
    column("parent", "Parent", Kind.TEXT, "parent__name"),
    column("sample", "Sample", Kind.YES),
    *PEOPLE_FIELDS,
    *HEALTH_FIELDS,
)
# Records of an account that conditions can ask after: any project where (...), count of contacts > 3.
MANY: tuple[ManyLister, ...] = (object_sets, built_in_sets)
FINDERS: tuple[tuple[Finder, Lister], ...] = ((own_field, own_fields), (kpi_field, kpi_fields))

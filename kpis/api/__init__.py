from kpis.api.catalogue import Kpis, UnknownKpis
from kpis.api.uploads import Uploads

__all__ = ["Kpis", "UnknownKpis", "Uploads"]

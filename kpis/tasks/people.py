from core.actor import Actor
from core.models import Job
from kpis.models import Upload
from users.models import User


def on_behalf(job: Job | Upload) -> Actor:
    """Whoever started the job or brought the file: it fills the accounts of that person, not more."""
    user = User.objects.select_related("role").filter(pk=job.created_by_id).first()
    return user.as_actor() if user else Actor.system(job.created_by_label.removeprefix("system:"))

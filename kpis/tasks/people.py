from core.actor import Actor
from core.models import Job
from users.models import User


def on_behalf(job: Job) -> Actor:
    """Whoever started the job: a file fills the accounts of the person who brought it, not more."""
    user = User.objects.select_related("role").filter(pk=job.created_by_id).first()
    return user.as_actor() if user else Actor.system(job.created_by_label.removeprefix("system:"))

from typing import Any

from rest_framework import serializers

from accounts.models import Activity, Comment, DayOff, Document, Notice, ShareDownload, ShareLink, Task, TaskTemplate


class ActivityInput(serializers.Serializer[Any]):
    """What a person writes down; the page and the API share it. Without `happened_at` it is now."""

    kind = serializers.ChoiceField(choices=Activity.Kind.choices)
    subject = serializers.CharField(max_length=200)
    body = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    happened_at = serializers.DateTimeField(required=False)
    minutes = serializers.IntegerField(min_value=0, max_value=1440, required=False, allow_null=True)
    contact_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, help_text="Who of the account took part"
    )


class ActivityNew(ActivityInput):
    account_id = serializers.UUIDField()


class ActivityEdit(ActivityInput):
    """An edit names the version it was made on."""

    kind = serializers.ChoiceField(choices=Activity.Kind.choices, required=False)
    subject = serializers.CharField(max_length=200, required=False)
    version = serializers.IntegerField(min_value=1)


class ActivityOut(serializers.ModelSerializer[Activity]):
    contact_ids = serializers.PrimaryKeyRelatedField[Any](source="contacts", many=True, read_only=True)

    class Meta:
        model = Activity
        fields = [
            "id", "account_id", "kind", "subject", "body", "happened_at", "minutes", "contact_ids", "by_id", "by_label",
            "version", "created_at", "removed_at",
        ]  # fmt: skip
        read_only_fields = fields


class Restore(serializers.Serializer[Any]):
    restore = serializers.BooleanField(default=False)


class TaskInput(serializers.Serializer[Any]):
    """What a person says about a task; the page and the API share it."""

    title = serializers.CharField(max_length=200)
    notes = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    assignee_id = serializers.UUIDField(required=False, allow_null=True)
    priority = serializers.ChoiceField(choices=Task.Priority.choices, required=False)
    due_on = serializers.DateField(required=False, allow_null=True)
    remind_on = serializers.DateField(required=False, allow_null=True)
    private = serializers.BooleanField(required=False)
    about = serializers.CharField(
        max_length=60, required=False, allow_blank=True, help_text="contract:<id> or renewal:<id> of its account"
    )


class TaskNew(TaskInput):
    account_id = serializers.UUIDField(required=False, allow_null=True)


class TaskSettle(serializers.Serializer[Any]):
    """What becomes of the open tasks of something that is closed; tasks that are not named stay open."""

    kind = serializers.ChoiceField(choices=["account", "contract", "renewal"])
    id = serializers.UUIDField()
    done = serializers.ListField(child=serializers.UUIDField(), required=False)
    drop = serializers.ListField(child=serializers.UUIDField(), required=False)
    move = serializers.ListField(child=serializers.UUIDField(), required=False)
    account_id = serializers.UUIDField(required=False, allow_null=True, help_text="Where those go that move")


class TaskEdit(TaskInput):
    title = serializers.CharField(max_length=200, required=False)
    version = serializers.IntegerField(min_value=1)


class TaskClose(serializers.Serializer[Any]):
    dropped = serializers.BooleanField(default=False, help_text="Closed without being done")


class TaskSnooze(serializers.Serializer[Any]):
    until = serializers.DateField(allow_null=True, help_text="null wakes it")
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class TaskOut(serializers.ModelSerializer[Task]):
    class Meta:
        model = Task
        fields = [
            "id", "account_id", "title", "notes", "assignee_id", "priority", "due_on", "remind_on", "reminded_at",
            "private", "subject_kind", "subject_id", "snoozed_until", "snooze_reason", "version", "created_at",
            "created_by_id", "created_by_label",
            "done_at", "done_by", "dropped",
        ]  # fmt: skip
        read_only_fields = fields


class TemplateItem(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200)
    notes = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    days = serializers.IntegerField(min_value=0, max_value=1000, help_text="After the start")
    priority = serializers.ChoiceField(choices=Task.Priority.choices, required=False)
    weekdays = serializers.BooleanField(default=False, help_text="Neither count nor choose Saturdays and Sundays")


class TemplateInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120)
    items = TemplateItem(many=True)
    version = serializers.IntegerField(min_value=1, required=False)


class TemplateApply(serializers.Serializer[Any]):
    account_id = serializers.UUIDField()
    starts_on = serializers.DateField()
    assignee_id = serializers.UUIDField(required=False, allow_null=True)


class DayOffInput(serializers.Serializer[Any]):
    on = serializers.DateField()
    name = serializers.CharField(max_length=80, required=False, allow_blank=True)
    remove = serializers.BooleanField(default=False)


class DayOffOut(serializers.ModelSerializer[DayOff]):
    class Meta:
        model = DayOff
        fields = ["id", "on", "name"]
        read_only_fields = fields


class TemplateDay(serializers.Serializer[Any]):
    title = serializers.CharField()
    due_on = serializers.DateField()


class TemplateOut(serializers.ModelSerializer[TaskTemplate]):
    class Meta:
        model = TaskTemplate
        fields = ["id", "name", "items", "version", "archived_at"]
        read_only_fields = fields


class CommentText(serializers.Serializer[Any]):
    body = serializers.CharField(max_length=5000)


class CommentNew(CommentText):
    subject_kind = serializers.ChoiceField(choices=["account", "task"])
    subject_id = serializers.UUIDField()


class CommentOut(serializers.ModelSerializer[Comment]):
    class Meta:
        model = Comment
        fields = [
            "id", "subject_kind", "subject_id", "account_id", "body", "mentions", "by_id", "by_label", "created_at",
            "edited_at", "removed_at",
        ]  # fmt: skip
        read_only_fields = fields


class NoticeOut(serializers.ModelSerializer[Notice]):
    class Meta:
        model = Notice
        fields = ["id", "kind", "text", "url", "account_id", "created_at", "read_at", "snoozed_until", "snooze_reason"]
        read_only_fields = fields


class NoticeRead(serializers.Serializer[Any]):
    unread = serializers.BooleanField(default=False)
    alike = serializers.BooleanField(default=False, help_text="Also its repeats: same kind, about the same thing")


class ShareInput(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=90)
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=120, required=False, allow_blank=True
    )
    most = serializers.IntegerField(min_value=1, max_value=100_000, required=False, allow_null=True)


class ShareOut(serializers.ModelSerializer[ShareLink]):
    """`url` is there once, in the answer that makes the link."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = ShareLink
        fields = [
            "id", "document_id", "label", "expires_at", "most", "downloads", "created_at", "created_by", "revoked_at",
            "url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_url(self, link: ShareLink) -> str:
        return str(self.context.get("url", ""))


class DocumentNew(serializers.Serializer[Any]):
    account_id = serializers.UUIDField()
    file = serializers.FileField()
    about = serializers.CharField(
        max_length=60,
        required=False,
        allow_blank=True,
        help_text="contract:, renewal:, task: or activity:<id>",
    )


class DocumentOut(serializers.ModelSerializer[Document]):
    class Meta:
        model = Document
        fields = [
            "id", "account_id", "subject_kind", "subject_id", "name", "sha256", "size", "content_type", "by_id",
            "by_label", "created_at", "removed_at",
        ]  # fmt: skip
        read_only_fields = fields


class DownloadOut(serializers.ModelSerializer[ShareDownload]):
    class Meta:
        model = ShareDownload
        fields = ["id", "link_id", "at", "address", "agent"]
        read_only_fields = fields


class WorkSnooze(serializers.Serializer[Any]):
    """Put one thing of the work list away. seen: until when it was put away when you looked."""

    kind = serializers.CharField(max_length=20)
    id = serializers.UUIDField()
    until = serializers.DateField(allow_null=True, help_text="null wakes it")
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)
    seen = serializers.DateField(required=False, allow_null=True)


class WorkOut(serializers.Serializer[Any]):
    """One thing that needs somebody; `url` opens it."""

    kind = serializers.CharField()
    id = serializers.UUIDField()
    reason = serializers.CharField()
    title = serializers.CharField()
    why = serializers.CharField()
    due = serializers.DateField(allow_null=True)
    priority = serializers.IntegerField()
    owner_id = serializers.UUIDField(allow_null=True)
    account_id = serializers.UUIDField(allow_null=True)
    url = serializers.CharField()
    version = serializers.IntegerField()
    snoozed_until = serializers.DateField(allow_null=True)
    snooze_reason = serializers.CharField(allow_blank=True)


class WorkPageOut(serializers.Serializer[Any]):
    """after: the cursor of the next page. kinds and reasons are counted in the view asked for."""

    results = WorkOut(many=True)
    after = serializers.CharField(allow_null=True)
    before = serializers.CharField(allow_null=True)
    views = serializers.DictField(child=serializers.IntegerField())
    kinds = serializers.DictField(child=serializers.IntegerField())
    reasons = serializers.DictField(child=serializers.IntegerField())

from kpis.operations.catalogue import (
    AlreadyNamed,
    KpiNotInCatalogue,
    confirm_catalogue,
    install_catalogue,
    settle_unknown_kpi,
)
from kpis.operations.cleaning import (
    DECISIONS,
    accept_suggestion,
    decide_many,
    dismiss_suggestion,
    revert_suggestion,
    start_deciding,
    start_finding,
)
from kpis.operations.health import rescore_accounts, start_rescoring
from kpis.operations.held import import_held, read_again, settle_accounts, take_in_held
from kpis.operations.importing import import_upload
from kpis.operations.pickup import NoSuchSource, commit_alone, look_into_inbox, set_source
from kpis.operations.quality import start_measuring
from kpis.operations.reading import read_upload
from kpis.operations.rollback import NoReason, import_again, roll_back_upload, take_back
from kpis.operations.sample import (
    SampleDataThere,
    add_sample_data,
    add_sample_outcomes,
    remove_sample_data,
    start_adding_sample_data,
    start_removing_sample_data,
)
from kpis.operations.uploads import (
    FileTooLarge,
    NotNow,
    WrongAnswer,
    answer_upload,
    cancel_upload,
    commit_upload,
    receive_upload,
    too_large,
)
from kpis.operations.values import CellChanged, NotAValue, NothingToChange, correct_kpi_value, undo_correction

__all__ = [
    "DECISIONS",
    "AlreadyNamed",
    "CellChanged",
    "FileTooLarge",
    "KpiNotInCatalogue",
    "NoReason",
    "NoSuchSource",
    "NotAValue",
    "NotNow",
    "NothingToChange",
    "SampleDataThere",
    "WrongAnswer",
    "accept_suggestion",
    "add_sample_data",
    "add_sample_outcomes",
    "answer_upload",
    "cancel_upload",
    "commit_alone",
    "commit_upload",
    "confirm_catalogue",
    "correct_kpi_value",
    "decide_many",
    "dismiss_suggestion",
    "import_again",
    "import_held",
    "import_upload",
    "install_catalogue",
    "look_into_inbox",
    "read_again",
    "read_upload",
    "receive_upload",
    "remove_sample_data",
    "rescore_accounts",
    "revert_suggestion",
    "roll_back_upload",
    "set_source",
    "settle_accounts",
    "settle_unknown_kpi",
    "start_adding_sample_data",
    "start_deciding",
    "start_finding",
    "start_measuring",
    "start_removing_sample_data",
    "start_rescoring",
    "take_back",
    "take_in_held",
    "too_large",
    "undo_correction",
]

from kpis.tasks.formulas import compute_formula, evaluate_all_indicators
from kpis.tasks.health import (
    rescore_account,
    rescore_batch,
    rescore_edited,
    rescore_new,
    rescore_portfolio,
    rescore_upload,
)
from kpis.tasks.sample import add_sample, remove_sample
from kpis.tasks.uploads import (
    import_upload,
    look_into_inbox,
    read_proposals_again,
    read_upload,
    roll_back_upload,
    take_in_held,
)

__all__ = [
    "add_sample",
    "compute_formula",
    "evaluate_all_indicators",
    "import_upload",
    "look_into_inbox",
    "read_proposals_again",
    "read_upload",
    "remove_sample",
    "rescore_account",
    "rescore_batch",
    "rescore_edited",
    "rescore_new",
    "rescore_portfolio",
    "rescore_upload",
    "roll_back_upload",
    "take_in_held",
]

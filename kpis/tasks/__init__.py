from kpis.tasks.back_tests import back_test
from kpis.tasks.catalogue import bring_ranges_into_force
from kpis.tasks.formulas import compute_formula, evaluate_all_indicators
from kpis.tasks.health import (
    rescore_account,
    rescore_batch,
    rescore_edited,
    rescore_new,
    rescore_portfolio,
    rescore_upload,
    roll_up_account,
)
from kpis.tasks.quality import decide_suggestions, find_everywhere, look_through_upload, measure_now, measure_quality
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
    "decide_suggestions",
    "find_everywhere",
    "look_through_upload",
    "measure_now",
    "measure_quality",
    "add_sample",
    "back_test",
    "bring_ranges_into_force",
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
    "roll_up_account",
    "take_in_held",
]

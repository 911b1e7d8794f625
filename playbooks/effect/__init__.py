"""What a playbook has changed, estimated honestly: pure numpy, no Django, no tables.

The question: by how much did the measure of the accounts that ran a playbook change *because of it*? The plain
before-after does not answer it: a playbook starts when an account is at its worst, and what is at its worst gets better
by itself (regression to the mean). So each account that ran it is held against accounts that could have and did not, in
the same month, with the same things known of them then.

Method, in the order of the modules:

* `design`: rows (account, month), covariates, months as dummies, missing values as their mean with a mark.
* `fitting`: a ridge logistic model of who is treated, a ridge linear model of what becomes of the untreated.
* `overlap`: whether there is anybody to compare with; refused where there is not.
* `aipw`: the effect on the treated, augmented inverse-probability weighted and cross-fitted by account: right when
  one of the two models is. Interval from the influence function, summed by account.
* `matching`: the three nearest untreated accounts of the same month, as a check and for people to look at.
* `result`: all of it as one plain record, with the refusals in words.

Sources: Robins, Rotnitzky and Zhao 1994 (augmented weighting); Hahn 1998 (the effect on the treated); Chernozhukov et
al. 2018 (cross-fitting); Crump et al. 2009 (overlap); Abadie and Imbens 2006 and 2011 (matching and its bias); Stuart
2010 (balance as the standard of a comparison).
"""

from playbooks.effect.design import Observed
from playbooks.effect.result import MINIMUM_COMPARISON, MINIMUM_TREATED, record

__all__ = ["MINIMUM_COMPARISON", "MINIMUM_TREATED", "Observed", "record"]

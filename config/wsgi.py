import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

# What the program is made of never becomes garbage; looking through it again and again made one page in forty take
# 0.2 s instead of 0.1 s. Measured with the evidence page at 10,000 accounts.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 100)

"""What a file may hold. Every limit is named in the message that refuses a file."""

from datetime import date

PARSER_VERSION = "1"  # stored with every value; raise it when the same cell would be read differently

MAX_FILE_BYTES = 50_000_000  # as uploaded
MAX_UNPACKED_BYTES = 200_000_000  # really decompressed, over all entries of a workbook or a .gz
MAX_RATIO = 100  # unpacked / packed
RATIO_FREE_BYTES = 5_000_000  # below this a high ratio is harmless and common in small sheets
MAX_ENTRIES = 200  # files inside a workbook
MAX_ROWS = 500_000  # over all sheets, or lines of a text file
MAX_CELLS = 2_500_000  # filled cells of a workbook
MAX_AREA = 5_000_000  # rows x columns of one sheet up to its last filled cell: a parser may allocate them all
MAX_COLUMNS = 2_000

CHUNK = 1 << 16

EARLIEST_PERIOD = date(2000, 1, 1)
FUTURE_MONTHS = 12  # a month later than this after today is a typing error, not a plan

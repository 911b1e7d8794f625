"""Words of the sample data. Nobody in here exists and nothing of it was said."""

GIVEN = (
    "Ines", "Marek", "Joana", "Tobias", "Leila", "Oskar", "Hanne", "Ravi", "Sofie", "Emil", "Nadia", "Paul", "Greta",
    "Milan", "Aisha", "Jonas", "Clara", "Yusuf", "Freya", "Matteo",
)  # fmt: skip
FAMILY = (
    "Brandt", "Novak", "Silva", "Keller", "Haddad", "Lind", "Berg", "Mehta", "Dubois", "Vogel", "Petrov", "Moreau",
    "Falk", "Horvat", "Khan", "Winter", "Rossi", "Demir", "Dahl", "Conti",
)  # fmt: skip
# Roles at an account, the one the others report to first.
ROLES = (
    ("sponsor", "champion", "economic_buyer", "user"),
    ("economic_buyer", "champion", "admin"),
    ("sponsor", "champion", "user"),
    ("economic_buyer", "sponsor", "champion", "admin"),
    ("champion", "user"),
)
TITLES = {
    "champion": ("Head of Operations", "Programme lead"),
    "economic_buyer": ("Finance director", "Chief financial officer"),
    "sponsor": ("Chief operating officer", "Managing director"),
    "admin": ("Systems administrator", "IT lead"),
    "user": ("Team lead", "Analyst"),
}
# kind, subject, notes, minutes
NOTES = (
    (
        "call",
        "Roll-out to the second team",
        "They want training before the next team starts. Two dates are proposed.",
        35,
    ),
    ("mail", "Question about the invoice", "The order number was missing. Finance sends it again.", None),
    ("meeting", "Business review", "Goals for the half-year agreed. Adoption in the depots is the weak point.", 60),
    ("note", "New contact in procurement", "Somebody from procurement joins the next call.", None),
    ("call", "Follow-up on open tickets", "Two are solved, one waits for our next release.", 20),
    ("meeting", "Training of new users", "Nine people took part. They asked for a short recording.", 90),
    ("mail", "Renewal: first thoughts", "They ask for a two-year price beside the one-year price.", None),
    ("call", "Usage fell in one department", "The team lead changed. An introduction is arranged.", 25),
)
# title, priority, days from today
TASKS = (
    ("Send the two-year quote", 1, -3),
    ("Arrange the introduction to the new team lead", 2, 0),
    ("Ask for the figures of last quarter", 2, 3),
    ("Prepare the business review", 2, 9),
    ("Call about the open ticket", 1, -1),
    ("Send the recording of the training", 3, 5),
    ("Agree dates for the second training", 2, 14),
)
# code, name, family, what is counted
PRODUCTS = (
    ("sample-platform", "Platform", "Core", "seats"),
    ("sample-analytics", "Analytics", "Add-on", "seats"),
    ("sample-mobile", "Mobile app", "Add-on", "devices"),
    ("sample-support", "Premium support", "Service", "hours a month"),
)
# city, region, country
CITIES = (
    ("Hamburg", "North", "DE"), ("Lyon", "South-East", "FR"), ("Gdansk", "Pomerania", "PL"),
    ("Leeds", "Yorkshire", "GB"),
    ("Turin", "Piedmont", "IT"), ("Ghent", "Flanders", "BE"), ("Aarhus", "Midtjylland", "DK"), ("Graz", "Styria", "AT"),
    ("Porto", "Norte", "PT"), ("Malmo", "Skane", "SE"),
)  # fmt: skip
PAPER = (
    ("Order form.txt", "Order form\n\nPlatform licence, yearly, payable in advance."),
    ("Notes of the business review.txt", "Business review\n\nGoals, figures and what was agreed."),
    ("Roll-out plan.txt", "Roll-out plan\n\nTeams, dates and who leads."),
)

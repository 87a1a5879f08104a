from .scripts_page import scripts  # noqa: F401  the fixture

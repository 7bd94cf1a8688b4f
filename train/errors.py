"""The one exception that users see as a sentence instead of a traceback."""


class UserError(Exception):
    """A mistake that the user can mend.

    The message says where, what was found, what was expected and what to do.
    Only a package's ``__main__`` catches it, prints it and exits with 2; every
    other exception is a bug and keeps its traceback.
    """

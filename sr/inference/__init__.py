"""Running a network over a photo of any size, within a memory budget."""


class EngineError(RuntimeError):
    """A photo could not be upscaled; the message says why and what to do."""


class Cancelled(EngineError):
    """The caller cancelled; nothing was returned."""

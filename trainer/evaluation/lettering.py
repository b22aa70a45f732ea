"""Text of others, such as a file's name, as any plot can draw it."""

_PUNCTUATION = "–…"
_END_OF_LATIN = 0x250


def drawable(text: str, longest: int) -> str:
    """The text in Latin letters, others as escapes, cut in the middle where it is long.

    Args:
        text: Any text; line breaks and signs that the plots' font may lack become escapes.
        longest: Most characters of the result, at least 3.
    """
    shown = "".join(c if _is_drawable(c) else ascii(c)[1:-1] for c in text)
    half = (longest - 1) // 2
    return shown if len(shown) <= longest else f"{shown[:half]}…{shown[-half:]}"


def _is_drawable(character: str) -> bool:
    latin = ord(character) < _END_OF_LATIN or character in _PUNCTUATION
    return latin and character.isprintable()

"""Templates give text. A text of digits becomes a number again, at any depth."""


def with_numbers(value):
    if isinstance(value, dict):
        return {key: with_numbers(entry) for key, entry in value.items()}
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value


class FilterModule:
    def filters(self):
        return {"with_numbers": with_numbers}

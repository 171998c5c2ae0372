from wit_world import exports


class Run(exports.Run):
    """What a command exports: it succeeds by returning, and fails by raising."""

    def run(self) -> None:
        print("Hello from Python")

"""The command ``ordering-platform``: one module for each group of commands, imported only when it is called."""

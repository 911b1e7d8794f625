"""The workflow engine without a database: what a definition says, what comes next, when something is due."""

"""How files are opened whoever wrote them: only regular ones, and never more than allowed."""

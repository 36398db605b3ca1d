"""What people see: tables, figures, the page, and its verification."""

"""What the dashboard shows, composed from several apps: frozen values for templates."""

"""Who did what at the desk and at the tills: a list to which everything is added by itself and from which nothing
goes, sealed with the books. Supervisors read that of their village, everybody what they did themselves."""
